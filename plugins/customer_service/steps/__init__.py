"""The steps of a service request: intake, work, and what reception does with the finished sheet."""
