"""Export of Orthanc's index at the end of a study: a Lambda function, deployed by components/closing/closing.py.

What it writes says which object of the image bucket is which image: the archive is proved with it, and found again.
"""
