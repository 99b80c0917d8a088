"""Single values as carriers write them: times, places, numbers with check digits, GS1 keys, carrier names."""
