"""Visits to households (regulation 5, 8.2): areas of responsibility, whom to visit next, records with feedback, the year's plan."""
