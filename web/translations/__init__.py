"""The catalogues of the pages, one folder a language; `build.py` compiles them."""
