// bench: see later
print("bench")
