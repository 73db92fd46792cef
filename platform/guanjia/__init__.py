"""The host of Guanjia: tenant walls, rules, steps, journal, pages and API. It knows no word of property management."""
