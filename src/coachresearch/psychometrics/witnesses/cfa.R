suppressMessages(library(lavaan))
found <- suppressWarnings(sem(model, sample.cov = covariances(), sample.nobs = n, sample.mean = if (means) centre,
  meanstructure = means, std.lv = std_lv, auto.fix.first = !std_lv, orthogonal = orthogonal, fixed.x = fixed_x,
  information = information))
table <- parameterEstimates(found)
name <- ifelse(table$op == "~1", paste(table$lhs, "~1"), ifelse(table$op == ":=", table$lhs,
  paste(table$lhs, table$op, table$rhs)))
turned <- paste(table$rhs, table$op, table$lhs)
name <- ifelse(name %in% expected$term | table$op != "~~", name, turned)
for (i in seq_along(name)) give(name[i], table$est[i])
fit <- fitMeasures(found)
for (one in c("cfi", "tli", "rmsea", "srmr", "aic", "bic")) give(one, fit[[one]])
give("chi_square", fit[["chisq"]])
give("log_likelihood", fit[["logl"]])
