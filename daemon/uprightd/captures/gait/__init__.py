"""What a walk leaves behind: the document, tables, plots, the annotated video, files for OpenSim, the report."""
