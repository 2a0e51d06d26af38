# Poisson rates before and after with Newey-West errors (sandwich). Data: {data}
library(sandwich)
library(lmtest)
d <- read.csv("{data}", check.names = FALSE)
d <- d[order(d[["{period}"]]), ]
d$time <- seq_len(nrow(d)) - 1 - sum(d[["{period}"]] < {start})
d$after <- as.numeric(d$time >= 0)
m <- glm(d[["{count}"]] ~ time + after + I(after * time), family = poisson, data = d)
lags <- floor(4 * (nrow(d) / 100)^(2 / 9))
print(coeftest(m, vcov = NeweyWest(m, lag = lags, prewhite = FALSE, adjust = TRUE)), digits = 12)
