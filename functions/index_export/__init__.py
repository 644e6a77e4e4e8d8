"""Export of Orthanc's index at the end of a study: a Lambda function, deployed by components/closing/closing.py.

The export maps objects of the image bucket to images: the archive is verified and restored with it.
"""
