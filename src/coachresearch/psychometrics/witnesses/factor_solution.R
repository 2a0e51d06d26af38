suppressMessages({library(psych); library(GPArotation)})
S <- cov2cor(covariances())
set.seed(1)
found <- suppressMessages(suppressWarnings(fa(S, nfactors = factors, n.obs = n, fm = estimator, rotate = rotation)))
give("communality", found$communality, rownames(S))
give("chi_square", found$STATISTIC)
wanted <- sapply(seq_len(factors), function(f) {
  part <- expected[expected$term == paste0("loading_", f), ]
  part$estimate[match(rownames(S), part$group)]
})
loadings <- matched(unclass(found$loadings), matrix(wanted, ncol = factors))
for (f in seq_len(factors)) give(paste0("loading_", f), loadings[, f], rownames(S))
