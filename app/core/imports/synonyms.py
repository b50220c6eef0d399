"""Words that people use for the same thing at the head of a column, in the six languages; a field may add its own (`extra={"also": …}`)."""

from __future__ import annotations

LINES = """
name | title | label | full name | nom | nombre | nome | bezeichnung | titre | titulo | titolo | libelle
supplier | vendor | payee | beneficiary | creditor | supplier name | vendor name | beneficiary name | payee name | merchant name |
    fournisseur | beneficiaire | proveedor | fornecedor | lieferant | fornitore | kreditor
amount | net amount | total amount | value | sum | paid amount | amount paid | gross amount | invoice amount | montant | importe |
    valor | betrag | summe | importo
payment day | payment date | date paid | paid on | date of payment | pay date | transaction date | date | date de paiement | fecha
    de pago | data de pagamento | zahlungsdatum | zahltag | data di pagamento
department | organisational unit | organizational unit | unit | service label | service | directorate | division | cost center |
    service area | departement | departamento | abteilung | bereich | reparto | dipartimento
category | category internal name | expenditure category | expense type | type of expense | class | categorie | categoria |
    kategorie
purpose | detailed expenditure type | description | expenditure type | purpose of expenditure | narrative | detail | what for |
    objet | motif | proposito | finalidade | zweck | verwendungszweck | scopo
transaction number | transaction no | transaction id | document number | invoice number | payment reference | numero de
    transaction | piece | numero de transaccion | numero da transacao | belegnummer | transaktionsnummer | numero di transazione
capital or revenue | capital revenue | capital / revenue | expenditure nature
currency | devise | moneda | moeda | wahrung | waehrung | valuta | currency code
e-mail | email | mail | email address | e-mail address | courriel | adresse e-mail | correo | correo electronico | posta
    elettronica
reference | ref | number | no | record | reference number | numero | referencia | referenz | nummer | riferimento
site | location | place | platform | base | lieu | lugar | local | standort | ort | luogo | sito
occurred at | occurred | date of incident | incident date | when | event date | date and time | survenu le | ocurrido | ocorrido
    em | zeitpunkt | accaduto
severity | actual severity | gravite | gravedad | gravidade | schweregrad | gravita
kind | type | incident type | genre | tipo | art
owner | responsible | assignee | assigned to | responsable | responsavel | verantwortlich | responsabile
due | due date | deadline | due on | echeance | vencimiento | prazo | fallig | scadenza
contact | contact person | contact name | ansprechpartner | contacto | contatto | contato
note | notes | comment | comments | remark | remarks | remarque | observaciones | bemerkung | observacoes | osservazioni
job title | position | function | poste | fonction | cargo | puesto | stelle | funktion | mansione
manager | line manager | superior | supervisor | responsable hierarchique | jefe | gestor | vorgesetzter | superiore
role | profile | profil | rol | papel | rolle | ruolo
time zone | timezone | fuseau horaire | zona horaria | fuso horario | zeitzone
language | langue | idioma | sprache | lingua
"""


def _groups() -> tuple[frozenset[str], ...]:
    joined = LINES.strip().replace("\n    ", " ")
    return tuple(frozenset(word.strip() for word in line.split("|")) for line in joined.splitlines())


WORDS = _groups()


def also(word: str) -> frozenset[str]:
    """What else a folded word may be called; empty for one of which nothing is known."""
    found: frozenset[str] = frozenset()
    for words in WORDS:
        if word in words:
            found |= words
    return found
