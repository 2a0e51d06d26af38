"""Did leadership coaching change anything, and would we know?"""

__version__ = "0.1.0"
