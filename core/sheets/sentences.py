"""The words of sheets: what is wrong with a file, a header, a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: Mapping[str, Any] = {
    # the file
    "sheet_unreadable": _l("This file cannot be read as a sheet. Save it in Excel as .xlsx or .csv and send that."),
    "sheet_old": _l("This is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password."),
    "sheet_opendocument": _l(
        "This is a sheet of LibreOffice's own kind (.ods). Choose “Save as” there, then “Excel 2007–365 (.xlsx)”, and send that."
    ),
    "sheet_too_large": _l(
        "Unpacked, this file is far larger than a list of people. Copy the list into a new, empty sheet."
    ),
    "sheet_too_many_rows": _l("More than %(most)d rows. Split the sheet and import the parts one after the other."),
    "sheet_empty": _l("There is nothing in this sheet. The list must stand in the first sheet of the file."),
    "sheet_faults": _l("Nothing was imported: the sheet has %(count)d faults. Mend them and send it again."),
    "sheet_other": _l(
        "Only the sheet “%(read)s” was read. There is a list on the sheet “%(other)s” too: send it as a file of its own."
    ),
    "sheet_guessed": _l("No line names the columns, so they were told by what stands in them. Please look at that."),
    "sheet_repeats": _l(
        "%(count)d lines seem to be recorded already. Leave them out, or say that they happened once more."
    ),
    "sheet_changed": _l("This sheet was changed in another window meanwhile. Here it is as it stands now."),
    # the header
    "column_missing": _l("The column “%(header)s” is missing. Add it; the template has all columns."),
    "column_unknown": _l("The column “%(header)s” is not known here. Take it out, or name it as in the template."),
    "column_twice": _l("The column “%(header)s” stands there twice. Take one of them out."),
    "column_absent": _l(
        "The column “%(header)s” is missing. Say here what holds for all lines, or add it to the sheet."
    ),
    "column_unsaid": _l("Say what stands in column %(letter)s, or leave it out."),
    "column_unsaid_named": _l("Say what stands in the column “%(header)s”, or leave it out."),
    # cells
    "cell_formula": _l("This cell holds a formula. Copy it and paste it as a value."),
    "cell_broken": _l("Excel shows an error in this cell. Type the value itself."),
    "cell_merged": _l("This cell is merged with others. Unmerge them and fill in each."),
    "cell_without_column": _l("There is no name above this column. Name it as in the template, or clear the cell."),
    "not_a_day": _l("This must be a day like 2026-03-02."),
    "ref_twice": _l("The number %(ref)s stands in row %(row)d already. Each row needs its own."),
    "ref_changed": _l(
        "The row with the number %(ref)s was imported before with other content. "
        "Give this row a new number, or change the entry on its page."
    ),
    # people in sheets
    "group_ambiguous": _l("Several groups are called %(name)s. Enter these members on the group's page."),
    "group_kind_differs": _l(
        "%(name)s is already entered as: %(group_kind)s. Take out the kind here, or make it the same."
    ),
    "group_kind_missing": _l("%(name)s is new: say its kind in one of its rows."),
    "resident_ref_unknown": _l(
        "No resident was imported with the number %(ref)s. Import the sheet of residents first."
    ),
    "resident_name_differs": _l("The resident with the number %(ref)s is called %(name)s. One of the two is wrong."),
    "resident_unknown": _l("No resident is called %(name)s. Enter them first, or look at the spelling."),
    "resident_ambiguous": _l("Several residents are called %(name)s. Give the resident's number."),
    # acts of the audit
    "act.core.sheet_imported": _l("Imported a sheet"),
}
