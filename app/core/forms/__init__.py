"""Forms as data: what an organisation asks for, with conditions and sums, without code of its own."""

from app.core.forms.keeping import of_answers, offered, source_of, stored, titles, to_fill
from app.core.forms.models import Form
from app.core.forms.reading import sheet_of
from app.core.forms.sheet import Band, Matrix, Part, Question, Section, Sheet

__all__ = ["Band", "Form", "Matrix", "Part", "Question", "Section", "Sheet", "of_answers", "offered", "sheet_of", "source_of", "stored",
           "titles", "to_fill"]
