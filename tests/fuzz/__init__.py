"""Fuzzing of every parser, coverage-guided (atheris): ``make fuzz``, ten minutes each. Nightly, not in CI."""
