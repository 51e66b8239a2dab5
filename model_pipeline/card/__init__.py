"""What a person looks at after a run: scores, pictures, and the model card as Markdown and HTML."""
