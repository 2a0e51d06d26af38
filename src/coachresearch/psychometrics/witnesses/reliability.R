suppressMessages(library(psych))
S <- covariances()
found <- suppressWarnings(alpha(S, n.obs = n, check.keys = FALSE))
give("alpha", found$total$raw_alpha)
give("alpha_standardised", found$total$std.alpha)
give("sem", sqrt(sum(S)) * share * sqrt(1 - found$total$raw_alpha))
give("scale_sd", sqrt(sum(S)) * share)
if (ncol(S) > 2) {
  one <- factanal(covmat = S, factors = 1, n.obs = n, control = list(opt = list(maxit = 5000)))
  loadings <- one$loadings[, 1] * sign(sum(one$loadings[, 1]))
  raw <- loadings * sqrt(diag(S))
  give("omega_total", sum(raw)^2 / (sum(raw)^2 + sum(one$uniquenesses * diag(S))))
  give("loading", loadings, rownames(S))
}
