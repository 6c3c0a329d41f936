"""The calls of JoinQuant, one file for each, and what an engine needs beside them: context, configure, extend."""
