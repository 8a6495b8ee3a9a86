document.documentElement.classList.add("js");
document.fonts.load('13px "Workbench Sans"'); // charts are drawn with it
if (location.hash.startsWith("#scope=")) document.documentElement.classList.add("choosing");
