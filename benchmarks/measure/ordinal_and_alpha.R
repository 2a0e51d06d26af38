# Seconds of the peers, one thread: Rscript ordinal_and_alpha.R FOLDER  (FOLDER holds the CSV files of ordinal_and_alpha.py)
suppressMessages({library(psych); library(lavaan)})
folder <- commandArgs(TRUE)[1]
seconds <- function(name, run, times = 3) {
  best <- Inf
  for (i in seq_len(times)) best <- min(best, system.time(run())[["elapsed"]])
  cat(name, best, "\n", sep = ",")
}
options(mc.cores = 1)
for (items in c(25, 60)) {
  x <- read.csv(file.path(folder, paste0("ordinal_", items, ".csv")))
  seconds(paste0("lavCor_", items), function() {
    suppressWarnings(lavCor(x, ordered = names(x), missing = "pairwise")) }, 2)
  seconds(paste0("psych_", items), function() suppressMessages(suppressWarnings(polychoric(x))), 1)
}
for (rows in c(1e5, 1e6)) {
  path <- file.path(folder, paste0("rows_", format(rows, scientific = FALSE), ".csv"))
  if (!file.exists(path)) next
  x <- data.table::fread(path, nThread = 1, data.table = FALSE)
  seconds(paste0("alpha_", format(rows, scientific = FALSE)), function() suppressWarnings(psych::alpha(x)), if (rows > 1e5) 1 else 2)
}
