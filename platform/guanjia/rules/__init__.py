"""The rule engine: rules are pure functions of facts and parameters; a rulebook says which are in force where and when."""
