suppressMessages(library(psych))
S <- covariances()
V <- sum(S); k <- ncol(S); off <- S; diag(off) <- 0
one <- 1 - sum(diag(S)) / V
give("guttman_1", one)
give("guttman_2", one + sqrt(k / (k - 1) * sum(off^2)) / V)
give("guttman_3", one * k / (k - 1))
give("guttman_5", one + 2 * sqrt(max(colSums(off^2))) / V)
give("guttman_6", 1 - sum(1 / diag(solve(S))) / V)
