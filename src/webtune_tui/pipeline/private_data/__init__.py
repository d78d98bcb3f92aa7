"""Personal data and secrets in text: found by rules of our own, with check digits where a number has them."""
