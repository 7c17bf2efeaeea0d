"""Training messages as a recogniser hears them: spoken, sent over a telephone line and recognised again."""
