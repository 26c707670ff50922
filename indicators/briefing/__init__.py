"""The weekly product: one page for the commander, as HTML, PNG and PDF."""
