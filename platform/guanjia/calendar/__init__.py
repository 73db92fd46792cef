"""Time as a site counts it: working days, closes of business, hours and months; for pages, jobs and rules.

Pure: no database, no clock. The caller brings the moment, and the site's overrides already merged.
"""

from guanjia.calendar.days import DayKind, national_days
from guanjia.calendar.workcalendar import BusinessHours, WorkCalendar

__all__ = ["BusinessHours", "DayKind", "WorkCalendar", "national_days"]
