"""Choose for each incident a category (workflow, data, model, tracking, nobody) and a reason (a, b or c)."""

ANSWERS = {}

# A. Another team needed NumPy 2.4 on the shared machine, and installed it. Our drift test needs NumPy below 2.2; since
#    then validation stops with an import error.
#    a  It notices that the data has changed.
#    b  It tries again until the import works.
#    c  Each step brings its own libraries, so nobody else's upgrade reaches it.
ANSWERS["A"] = ("", "")  # TODO: for example ("model", "b")

# B. One region's switch counted calls in seconds: 15 % of the rows in December's export were impossible. The operator
#    has sent a corrected export. Nobody knows how far the bad rows went, so all twelve months run again.
#    a  Our contract raises and nothing downstream starts; after the correction, that month alone runs again.
#    b  The tool looks at the data and knows what minutes should be.
#    c  The tool retries the task until the data is right.
ANSWERS["B"] = ("", "")

# C. The mean and spread for scaling came from the whole table. Then the model was cross-validated, and its score was
#    too good.
#    a  It finds columns that know the outcome.
#    b  It fits everything again in each fold, from that fold's training rows.
#    c  It compares the score with the score of last month's run.
ANSWERS["C"] = ("", "")

# D. On Friday a colleague made a model live that calls every customer. On Monday the old one should come back, but its
#    file was overwritten, and nobody remembers its parameters.
#    a  It refuses bad models by itself.
#    b  It runs last month's training again.
#    c  It keeps each version with its parameters and scores, and moves an alias that says "live" back.
ANSWERS["D"] = ("", "")

# E. A colleague adds a column to our features: calls from the retention desk. The desk calls those who have given
#    notice. ROC-AUC in the test: 0.99. Next month it is useless.
#    a  Every tool keeps the column. A person has to ask when its values become known.
#    b  Columns do not leak, only rows do.
#    c  It happens only where people work without tools.
ANSWERS["E"] = ("", "")

# F. One in a hundred of November's usage rows arrives with December's export. November's features were made without
#    them and never updated.
#    a  It waits until all rows are there before it makes any features.
#    b  Late rows name the month that they change, and that month runs again.
#    c  It rejects the export, because it has rows of a different month.
ANSWERS["F"] = ("", "")
