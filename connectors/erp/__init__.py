"""ERP systems behind one port: postings are written once, and orders are read by a cursor."""
