"""Readers: who asked, who confirmed, who left, and what each of them wants.

subscribing   one reader added by hand, found, let go; all that is kept of them
listing       lists of them, in and out
readership ─▶ subscribing   one reader's record changed, moved, erased, suppressed
wishing       what readers themselves ask for by the web face and the links in their letters
"""
