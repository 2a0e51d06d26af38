# Times of lme4, lmerTest and pbkrtest on big.csv and trials.csv of the folder given; prints "name seconds".
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest)})
setwd(commandArgs(TRUE)[1])
timed <- function(name, call, times = 3) {
  seconds <- sapply(seq_len(times), function(i) { gc(FALSE); { used <- system.time(call()); used[["user.self"]] + used[["sys.self"]] } })
  cat(name, min(seconds), "\n")
}
d <- read.csv("big.csv")
timed("fit", function() lme4::lmer(y ~ time * arm + (1 | person) + (1 | coach), d))
timed("slopes", function() lme4::lmer(y ~ time * arm + (time | person) + (1 | coach), d))
timed("satterthwaite", function() summary(lmerTest::lmer(y ~ time * arm + (1 | person) + (1 | coach), d)))
m <- lme4::lmer(y ~ time * arm + (1 | person) + (1 | coach), d)
timed("kenward_roger", function() vcovAdj(m), 1)
t <- read.csv("trials.csv")
Y <- as.matrix(read.csv("outcomes.csv", header = FALSE))
timed("trials", function() for (i in seq_len(nrow(Y))) {
  t$y <- Y[i, ]
  suppressMessages(lme4::lmer(y ~ w1 + w2 + w1:coached + w2:coached + (1 | person), t))
}, 1)
