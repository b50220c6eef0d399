"""How somebody who was invited comes in: the mail, the page behind its link, the answer."""
