"""What the server runs. Not beside `pages/`: Streamlit would run a page alone whose address is the first one opened."""
