suppressMessages(library(psych))
x <- read.csv("data.csv", check.names = FALSE)
found <- ICC(x[complete.cases(x), ], lmer = FALSE)$results
give(c("icc1_1", "icc2_1", "icc3_1", "icc1_k", "icc2_k", "icc3_k"), found$ICC)
