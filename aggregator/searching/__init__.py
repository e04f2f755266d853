"""What a search asks for and how its words are compared: pure, without the database."""
