// A table, a listing or a row of tabs that is wider than the page can be scrolled with the keyboard, too.
const reachable = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code, .tabbed-labels")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
  }
}
window.addEventListener("load", reachable)
window.addEventListener("resize", reachable)
document.addEventListener("change", reachable) // another tab was chosen

// Material's search is a dialog without a name.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
