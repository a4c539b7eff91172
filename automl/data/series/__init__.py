"""Time series: whole ones to classify, and pasts to forecast from."""
