"""Who is asked, when, in which arm."""
