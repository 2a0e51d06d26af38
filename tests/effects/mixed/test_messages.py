"""Every code that is put together has its sentence, and every sentence of this room is used."""

import re
from pathlib import Path

import yaml

import coachresearch
from coachresearch.display.text import MESSAGES

ROOM = Path(coachresearch.__file__).parent
BUILT = [f"method.mixed_{one}" for one in ("reml", "ml", "df_satterthwaite", "df_kenward_roger", "df_none",
                                           "terms_satterthwaite", "terms_kenward_roger", "terms_none")] \
    + [f"method.repeated_{one}" for one in ("unstructured", "ar1", "ar1_intercept")]


def test_codes_and_sentences_meet():
    own = yaml.safe_load((MESSAGES.folder / "en" / "mixed.yaml").read_text(encoding="utf-8"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in [
        *sorted((ROOM / "effects" / "mixed").glob("*.py")),
        *(ROOM / "display" / "figures" / f"{name}.py" for name in ("caterpillar", "decay"))])
    for code in BUILT:
        assert code in own
    for code in set(own) - set(BUILT):
        plain = code.split(".", 1)[1] if code.startswith(("caution", "method", "title", "label")) else code
        assert re.search(rf'"{re.escape(plain)}"', text), code
