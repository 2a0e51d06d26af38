suppressMessages(library(lavaan))
x <- read.csv("data.csv", check.names = FALSE)
R <- unclass(lavCor(x, ordered = names(x), missing = "listwise"))
for (i in 2:ncol(R)) for (j in 1:(i - 1)) give("cor", R[i, j], paste(colnames(R)[j], "with", colnames(R)[i]))
