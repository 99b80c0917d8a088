"""The drop folder: files partners leave by SFTP or share become raw records, once, however often we are stopped."""
