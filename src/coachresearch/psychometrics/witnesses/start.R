# Computes the numbers of expected.csv from data.csv with other software, and compares them.
# Run it in this folder: Rscript witness.R
expected <- read.csv("expected.csv", stringsAsFactors = FALSE)
expected$group[is.na(expected$group)] <- ""
got <- data.frame(term = character(), group = character(), value = numeric())
give <- function(term, value, group = "") {
  got <<- rbind(got, data.frame(term = term, group = as.character(group), value = as.numeric(value)))
}
covariances <- function() {
  table <- read.csv("data.csv", check.names = FALSE)
  matrix <- as.matrix(table[, -1])
  rownames(matrix) <- colnames(matrix) <- table[[1]]
  matrix
}
matched <- function(found, wanted) {
  alike <- crossprod(found, wanted) / sqrt(outer(colSums(found^2), colSums(wanted^2)))
  order <- integer(ncol(wanted))
  left <- abs(alike)
  for (step in seq_len(ncol(wanted))) {
    best <- which(left == max(left), arr.ind = TRUE)[1, ]
    order[best[2]] <- best[1]
    left[best[1], ] <- -1
    left[, best[2]] <- -1
  }
  sweep(found[, order, drop = FALSE], 2, sign(alike[cbind(order, seq_len(ncol(wanted)))]), "*")
}
