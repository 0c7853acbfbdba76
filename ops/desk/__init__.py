"""What the desk shows and what people do at it, as values: the console and the API are drawn from the same lists and acts."""
