"""Another far side: its WSDL, its XSD, its table of names, and a server that speaks it."""
