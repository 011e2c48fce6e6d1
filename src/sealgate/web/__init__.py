"""The pages: what a person does with a gateway from a browser. The same services and words as the terminal's."""
