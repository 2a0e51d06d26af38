# Timings of the R side; one thread. Rscript effects.R
suppressMessages({library(metafor)})
seconds <- function(f, times) { s <- proc.time()[["user.self"]]; for (i in seq_len(times)) f(); (proc.time()[["user.self"]] - s) / times }
set.seed(1)
ancova <- function() for (i in 1:1000) { x <- rnorm(100); z <- sample(rep(0:1, 50)); y <- .6 * x + .4 * z + rnorm(100); coef(summary(lm(y ~ z + x))) }
v <- runif(100, .02, .2); y <- rnorm(100, .3, sqrt(v + .05))
g <- function(a, b) (mean(a) - mean(b)) / sqrt(((length(a) - 1) * var(a) + (length(b) - 1) * var(b)) / (length(a) + length(b) - 2))
a <- rnorm(100, .5); b <- rnorm(100)
boot <- function() for (i in 1:10000) g(sample(a, replace = TRUE), sample(b, replace = TRUE))
cat("ancova_trials_10000", seconds(ancova, 1) * 10, "\n")
cat("bootstrap_10000_n200", seconds(boot, 1), "\n")
cat("meta_reml_100", seconds(function() rma(y, v, test = "knha"), 30), "\n")
