"""Complaints and suggestions (regulation 5, part 8): investigated, decided, answered in writing; adopted, published, credited."""
