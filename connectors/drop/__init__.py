"""The drop folder: sends files that partners leave by SFTP or share as raw records, each once, also after a crash."""
