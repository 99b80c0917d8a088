"""UN/EDIFACT IFTSTA and CONTRL into canonical events and acknowledgements."""
