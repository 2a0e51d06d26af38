# Difference in differences with unit and period effects, CR2 errors by unit (clubSandwich). Data: {data}
library(clubSandwich)
d <- read.csv("{data}", check.names = FALSE)
d$unit <- factor(d[["{unit}"]])
d$period <- d[["{period}"]]
d$outcome <- d[["{outcome}"]]
d$active <- d[["{coached}"]] * (d$period >= {start})
d <- d[complete.cases(d[, c("unit", "period", "outcome", "active")]), ]
m <- lm(outcome ~ 0 + unit + factor(period) + active, data = d)
print(coef_test(m, vcov = "CR2", cluster = d$unit, test = "Satterthwaite", coefs = "active"), digits = 12)
