"""The domain of Lire aussi: feeds come in, entries are stored and linked. No Flask, no templates."""
