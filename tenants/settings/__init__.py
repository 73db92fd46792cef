"""Rule settings: what each scope wants of the rules, entered as changes with date, author and reason."""
