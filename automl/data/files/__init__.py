"""Where rows come from: folders, archives, downloads, and what they may hold."""
