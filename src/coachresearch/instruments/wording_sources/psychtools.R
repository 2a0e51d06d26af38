# Writes the item dictionaries of the R package psychTools whose wording is free to one CSV file.
#   Rscript psychtools.R dictionaries.csv
# Only these four objects: items of the International Personality Item Pool, and single adjectives. The package holds
# other dictionaries of published scales; its licence covers its own work and cannot free wording of other owners.
target <- commandArgs(trailingOnly = TRUE)
if (length(target) != 1) stop("Say where to write: Rscript psychtools.R dictionaries.csv")
if (!requireNamespace("psychTools", quietly = TRUE)) stop("Install psychTools first: install.packages('psychTools')")
about <- utils::packageDescription("psychTools")
one <- function(object, item, text, keying) data.frame(
  package = "psychTools", version = about$Version, licence = about$License, object = object,
  item = as.character(item), text = as.character(text), keying = as.integer(keying), stringsAsFactors = FALSE)
bfi <- psychTools::bfi.dictionary
spi <- psychTools::spi.dictionary
zola <- psychTools::zola.dictionary
words <- psychTools::bfi.adjectives.dictionary
spi <- spi[grepl("^q_", rownames(spi)), ]
zola <- zola[grepl("^q_", rownames(zola)), ]
table <- rbind(
  one("bfi.dictionary", rownames(bfi)[1:25], bfi$Item[1:25], bfi$Keying[1:25]),
  one("spi.dictionary", rownames(spi), spi$item, NA),
  one("zola.dictionary", rownames(zola), zola$item, NA),
  one("bfi.adjectives.dictionary", rownames(words), words$Item, NA))
utils::write.csv(table, target, row.names = FALSE, na = "", fileEncoding = "UTF-8")
