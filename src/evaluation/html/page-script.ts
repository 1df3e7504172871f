/** Sorts a table by the column whose heading is pressed; numbers by value, missing ones last. */
export const pageScript = `
for (const table of document.querySelectorAll('table.sortable')) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.firstElementChild.addEventListener('click', () => {
    const falling = heading.ariaSort === 'ascending';
    for (const other of headings) other.ariaSort = 'none';
    heading.ariaSort = falling ? 'descending' : 'ascending';
    const body = table.tBodies[0];
    const value = (row) => row.cells[column].dataset.value;
    const compare = (a, b) => column === 0
      ? a.localeCompare(b, 'en', { numeric: true }) : Number(a) - Number(b);
    const rows = [...body.rows].sort((a, b) => {
      const x = value(a), y = value(b);
      if (x === '' || y === '') return (x === '') - (y === '');
      return falling ? compare(y, x) : compare(x, y);
    });
    body.append(...rows);
  }));
}
`;
