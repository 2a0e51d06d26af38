"""A study file becomes a design; a bad one gives every fault with its line and remedy."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from coachresearch.core.errors import DesignError
from coachresearch.studies.reader import SCHEMA, read_study
from coachresearch.studies.study import Arm, Asked, Outcome, Study

KNOWN = {"mq5": {"core": ("self", "report"), "full": ("report",)}, "bfi25": {"full": ("self",)}}


def faults_of(path, **options):
    with pytest.raises(DesignError) as caught:
        read_study(path, **options)
    return caught.value.faults


def test_a_sound_file_becomes_a_study(sound, written, tmp_path):
    study = read_study(written(sound), known=KNOWN)
    assert (study.id, study.assignment, study.min_group, study.language) == ("spring", "waitlist", 5, "en")
    assert study.arms == (Arm("coached", "Coached", True), Arm("waiting", "Waiting", False))
    assert [(wave.id, wave.order, wave.opens, wave.closes) for wave in study.waves] == [
        ("T1", 1, date(2026, 3, 2), date(2026, 3, 13)), ("T2", 2, date(2026, 6, 1), None)]
    assert study.wave("T2").asked == (Asked("mq5", "core", ("self", "report")),)
    assert study.primary == Outcome("mq5_core", "report", "mq5")
    assert (study.secondary, study.goal, study.season, study.simulated, study.registration) == ((), "", "", False, "")
    assert study.folder == str(tmp_path)


def test_a_folder_is_read_by_its_study_file(sound, written, tmp_path):
    assert read_study(written(sound)) == read_study(tmp_path)


def test_what_may_be_added_is_read(sound, written):
    sound |= {"goal": "Fewer leavers", "season": "winter", "simulated": True, "registration": "Registry 12",
              "language": "de", "secondary": [{"scale": "mq5_core", "role": "self"}]}
    study = read_study(written(sound))
    assert (study.goal, study.season, study.simulated, study.registration, study.language) == (
        "Fewer leavers", "winter", True, "Registry 12", "de")
    assert study.secondary == (Outcome("mq5_core", "self", ""),)


def test_a_cross_section_needs_neither_arms_nor_primary_outcome(sound, written):
    del sound["arms"], sound["primary"], sound["waves"][1]
    study = read_study(written(sound | {"assignment": "cross_section"}))
    assert (study.arms, study.primary) == ((), None)


def test_one_group_has_its_coached_arm_alone(sound, written):
    del sound["arms"][1]
    assert len(read_study(written(sound | {"assignment": "one_group"})).arms) == 1


def test_three_faults_are_reported_with_their_lines(written):
    text = (
        "schema: coachresearch/study/1\nid: s\ntitle: S\nquestion: Q\nassignment: random\n"
        "waves:\n"
        "  - {id: T1, title: A, opens: 2026-03-02, asked: [{instrument: mq5, form: core, roles: [self]}]}\n"
        "  - {id: T1, title: B, opens: 2026-06-02, asked: [{instrument: mq5, form: core, roles: [self]}]}\n"
        "arms: [{id: a, title: A, coached: true}, {id: b, title: B, coached: false}]\n"
        "primary: {scale: mq5_core, role: self}\n"
        "min_group: 2\n")
    faults = faults_of(written(text))
    assert [(fault.what, fault.where) for fault in faults] == [
        ("assignment is 'random'", "study.yaml, line 5"),
        ("min_group: 2 is less than the minimum of 3", "study.yaml, line 11"),
        ("Two waves have the id 'T1'", "study.yaml, line 8"),
    ]
    assert all(fault.remedy for fault in faults)


def two_arms_of_one_name(data):
    data["arms"][1]["id"] = "coached"


def nobody_coached(data):
    data["arms"][0]["coached"] = False


def everybody_coached(data):
    data["arms"][1]["coached"] = True


def one_arm_alone(data):
    del data["arms"][1]


def one_group_of_two(data):
    data["assignment"] = "one_group"


def no_arms(data):
    del data["arms"]


def no_primary(data):
    del data["primary"]


def waves_out_of_order(data):
    data["waves"].reverse()


def closes_before_it_opens(data):
    data["waves"][0]["closes"] = "2026-03-01"


def impossible_day(data):
    data["waves"][1]["opens"] = "2026-06-31"


def role_nobody_asks(data):
    data["primary"]["role"] = "peer"


def instrument_nobody_asks(data):
    data["primary"]["instrument"] = "bfi25"


def secondary_role_nobody_asks(data):
    data["secondary"] = [{"scale": "mq5_core", "role": "coach"}]


def outcome_twice(data):
    data["secondary"] = [dict(data["primary"])]


def asked_twice(data):
    data["waves"][0]["asked"] = [*data["waves"][0]["asked"], {"instrument": "mq5", "form": "full", "roles": ["report"]}]


def unknown_season(data):
    data["season"] = "monsoon"


def unknown_role(data):
    data["waves"][0]["asked"] = [{"instrument": "mq5", "form": "core", "roles": ["self", "report", "boss"]}]


@pytest.mark.parametrize(("spoil", "what", "remedy"), [
    (two_arms_of_one_name, "Two arms have the id 'coached'", "Give each arm an id of its own"),
    (nobody_coached, "No arm is coached", "Write coached: true"),
    (everybody_coached, "Every arm is coached, so there is nothing to compare with", "Write coached: false"),
    (one_arm_alone, "A study that is 'waitlist' has one arm", "write assignment: one_group"),
    (one_group_of_two, "A study of one_group has 2 arms", "Keep the coached arm alone"),
    (no_arms, "A study that is 'waitlist' lacks 'arms'", "Say who is coached and who is not"),
    (no_primary, "A study that is 'waitlist' lacks 'primary'", "Name the one result"),
    (waves_out_of_order, "Wave 'T1' begins on 2026-03-02, but 'T2' before it begins on 2026-06-01",
     "Put the waves in time order"),
    (closes_before_it_opens, "Wave 'T1' opens on 2026-03-02, after it closes on 2026-03-01",
     "Correct one of the two days"),
    (impossible_day, "opens of wave 'T2' is '2026-06-31', which is not a day", "Write it as 2026-03-31"),
    (role_nobody_asks, "The primary outcome is seen by the role 'peer', which no wave asks",
     "The waves ask: report, self"),
    (instrument_nobody_asks, "The primary outcome comes from 'bfi25' by 'report', which no wave asks",
     "Ask it in a wave"),
    (secondary_role_nobody_asks, "The secondary outcome is seen by the role 'coach'", "The waves ask: report, self"),
    (outcome_twice, "The outcome 'mq5_core' by 'report' is named twice", "Keep one of the two"),
    (asked_twice, "Wave 'T1' asks the role 'report' for 'mq5' twice", "Keep one form for each role"),
    (unknown_season, "season is 'monsoon'", "Use one of: spring, summer, autumn, winter"),
    (unknown_role, "waves.0.asked.0.roles.2 is 'boss'", "Use one of: self, manager, peer, report, coach, observer"),
], ids=lambda value: getattr(value, "__name__", None))
def test_each_fault_is_found_alone(sound, written, spoil, what, remedy):
    spoil(sound)
    fault, = faults_of(written(sound))
    assert fault.what.startswith(what)
    assert remedy in fault.remedy
    assert fault.where.startswith("study.yaml, line ")


def test_a_cross_section_with_arms_and_waves_is_named(sound, written):
    faults = faults_of(written(sound | {"assignment": "cross_section"}))
    assert [fault.what for fault in faults] == ["A cross-section has no arms", "A cross-section has 2 waves"]


@pytest.mark.parametrize(("asked", "what", "remedy"), [
    ({"instrument": "mq6"}, "There is no instrument 'mq6'", "There are: bfi25, mq5."),
    ({"form": "tiny"}, "Instrument 'mq5' has no form 'tiny'", "It has: core, full."),
    ({"form": "full"}, "Form 'full' of 'mq5' is not for the role 'self'", "It is for: report."),
])
def test_a_wave_names_instruments_forms_and_roles_that_there_are(sound, written, asked, what, remedy):
    sound["waves"][0]["asked"] = [sound["waves"][0]["asked"][0] | asked]
    sound["primary"].pop("instrument")
    read_study(written(sound))
    fault, = faults_of(written(sound), known=KNOWN)
    assert (fault.what, fault.remedy) == (what, remedy)


def test_a_folder_without_study_says_so(tmp_path):
    with pytest.raises(DesignError, match=r"holds no study\.yaml"):
        read_study(tmp_path)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(DesignError, match="cannot be read"):
        read_study(tmp_path / "none.yaml")


@pytest.mark.parametrize("room", ["wave", "arm"])
def test_an_unknown_part_is_named_with_what_there_is(sound, written, room):
    study = read_study(written(sound))
    with pytest.raises(DesignError, match=f"has no {room} 'x'") as caught:
        getattr(study, room)("x")
    assert caught.value.faults[0].remedy.startswith("It has: ")


def test_the_schema_is_one_and_explains_every_property():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)

    def unexplained(part, path=""):
        for name, below in part.get("properties", {}).items():
            if "description" not in below:
                yield f"{path}.{name}"
            yield from unexplained(below, f"{path}.{name}")
        if isinstance(part.get("items"), dict):
            yield from unexplained(part["items"], f"{path}[]")

    assert list(unexplained(schema)) == []


JUNK = st.sampled_from([None, 0, -1, 2.5, True, "", "x", "T1", "one_group", [], [1], [None], {}, {"id": []}, [[]],
                        [{}]])


def places(data, path=()):
    yield path
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in below:
        yield from places(value, (*path, step))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_the_file_it_is_a_study_or_faults(sound, written, data):
    broken = json.loads(json.dumps(sound))
    path = data.draw(st.sampled_from([place for place in places(broken) if place]))
    spot = broken
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = data.draw(JUNK)
    try:
        assert isinstance(read_study(written(broken), known=KNOWN), Study)
    except DesignError as error:
        assert all(fault.what and fault.where.startswith("study.yaml, line ") for fault in error.faults)
