import math

x = 0.5
y = 0.5

print("loss:", (x - 0.2) ** 2 + (y - 0.9) ** 2 + 0.1 * math.sin(20 * x) ** 2)
