"""Sources that are not the company's own: pages of the web, dumps, archives, papers, data sets."""
